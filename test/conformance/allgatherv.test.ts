import { conform } from '../support/conform.js';

conform('allgatherv', [10]);
