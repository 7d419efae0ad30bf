#!/usr/bin/env node
/** Entry of the `shoal` command. */
import { main } from './cli/main.js';

await main(process.argv);
