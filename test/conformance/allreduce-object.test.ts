import { conform } from '../support/conform.js';

conform('allreduce-object', [10]);
