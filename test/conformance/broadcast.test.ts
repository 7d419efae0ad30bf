import { conform } from '../support/conform.js';

conform('broadcast', [10]);
