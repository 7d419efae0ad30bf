import { conform } from '../support/conform.js';

conform('scatter-object');
