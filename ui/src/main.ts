// Starts the interface.
import './language'; // before those that ask for it as they load
import { mount } from 'svelte';
import './base.css';
import './kit/floating.css';
import App from './shell/App.svelte';

mount(App, { target: document.getElementById('app')! });
