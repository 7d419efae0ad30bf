import { conform } from '../support/conform.js';

conform('allgather', [10]);
