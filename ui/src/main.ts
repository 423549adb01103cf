// Starts the interface.
import { mount } from 'svelte';
import './base.css';
import './kit/floating.css';
import App from './shell/App.svelte';

mount(App, { target: document.getElementById('app')! });
