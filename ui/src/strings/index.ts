// The one catalogue of texts, a file for each room: text.library.empty.title. Sentences, never pieces glued together.
import { account } from './account';
import { auth } from './auth';
import { billing } from './billing';
import { captions } from './captions';
import { library } from './library';
import { moments } from './moments';
import { owner } from './owner';
import { settings } from './settings';
import { errors, kit, shell } from './shell';
import { studio } from './studio';
import { support } from './support';
import { transcript } from './transcript';
import { uploads } from './uploads';
import { webhooks } from './webhooks';

export const text = {
  account,
  auth,
  billing,
  captions,
  errors,
  kit,
  library,
  moments,
  owner,
  settings,
  shell,
  studio,
  support,
  transcript,
  uploads,
  webhooks,
} as const;
