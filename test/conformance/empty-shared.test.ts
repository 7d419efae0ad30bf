import { conform } from '../support/conform.js';

conform('empty-shared');
