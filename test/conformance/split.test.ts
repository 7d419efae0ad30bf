import { conform } from '../support/conform.js';

conform('split', [10]);
