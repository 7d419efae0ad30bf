import { conform } from '../support/conform.js';

conform('allgather-object');
