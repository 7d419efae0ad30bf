import { conform } from '../support/conform.js';

conform('reduce-scatter');
