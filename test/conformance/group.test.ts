import { conform } from '../support/conform.js';

conform('group', [10]);
