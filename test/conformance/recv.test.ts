import { conform } from '../support/conform.js';

conform('recv');
