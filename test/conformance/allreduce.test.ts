import { conform } from '../support/conform.js';

conform('allreduce', [10]);
