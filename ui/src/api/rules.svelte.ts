// Prices and limits as the server states them; the interface knows none of its own.
import { api, ask } from './client';
import type { Rules } from './types';

let loaded = $state<Rules | null>(null);

/** Reads the rules once; the shell does this before it shows a page. */
export async function loadRules(): Promise<void> {
  loaded ??= await ask(api.GET('/v1/rules'));
}

/** The rules. Only call it inside the signed-in shell, which waits for them. */
export function rules(): Rules {
  if (!loaded) throw new Error('rules() was called before loadRules() had finished');
  return loaded;
}
