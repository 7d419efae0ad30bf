/** Colours of what commands print. */
import pc from 'picocolors';

/** `FORCE_COLOR=0` asks for none, as it does in Node: for picocolors it is a variable that is set. */
const isRefused = ['0', 'false'].includes(process.env.FORCE_COLOR ?? '');

/** As picocolors has them, or none. */
export const colours: ReturnType<typeof pc.createColors> = pc.createColors(pc.isColorSupported && !isRefused);
