import { conform } from '../support/conform.js';

conform('broadcast-object');
