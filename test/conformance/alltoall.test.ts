import { conform } from '../support/conform.js';

conform('alltoall', [10]);
