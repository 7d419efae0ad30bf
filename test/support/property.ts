/** fast-check, with the error itself in the report of a property that failed. */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), includeErrorInReport: true });

export default fc;
