// The one catalogue of texts, a file for each room: text.library.empty.title. Sentences, never pieces glued together.
import { account } from './account';
import { auth } from './auth';
import { billing } from './billing';
import { captions } from './captions';
import { library } from './library';
import { moments } from './moments';
import { owner } from './owner';
import { errors, kit, shell } from './shell';
import { studio } from './studio';
import { uploads } from './uploads';

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
  shell,
  studio,
  uploads,
} as const;
