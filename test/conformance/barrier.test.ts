import { conform } from '../support/conform.js';

conform('barrier', [10]);
