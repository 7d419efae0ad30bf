import { conform } from '../support/conform.js';

conform('gather-object');
