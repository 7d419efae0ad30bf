import { conform } from '../support/conform.js';

conform('alltoallv', [10]);
