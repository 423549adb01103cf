// The words of a recording as the server has them.
import { api, ask } from './client';
import type { Speech, Transcript } from './types';

/** What speech is heard with now, and whether this recording's words are here or on their way. */
export function readSpeech(file_id: string): Promise<Speech> {
  return ask(api.GET('/v1/speech', { params: { query: { file_id } } }));
}

/** All that is known of a recording's words; null where there are none. Asks first: a 404 would stand in the console. */
export async function readTranscript(file_id: string, speech?: Speech): Promise<Transcript | null> {
  const { transcript } = speech ?? (await readSpeech(file_id));
  if (!transcript) return null;
  return ask(api.GET('/v1/transcript/{name}', { params: { path: { name: `${file_id}.json` } } }));
}
