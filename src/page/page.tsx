/** Entry of the dashboard's page, in a browser. */
import { render } from 'preact';
import { App } from './app.js';
import './page.css';
import { Store } from './store.js';

const root = document.getElementById('page');
if (root) {
  const store = new Store((shown, problem) => {
    render(<App shown={shown} problem={problem} />, root);
  });
  render(<App shown={undefined} problem={undefined} />, root);
  store.ask();
}
