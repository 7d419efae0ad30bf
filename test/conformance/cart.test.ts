import { conform } from '../support/conform.js';

conform('cart', [10]);
