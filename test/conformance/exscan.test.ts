import { conform } from '../support/conform.js';

conform('exscan', [10]);
