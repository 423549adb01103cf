// The owner's settings, as the desk shows and changes them.

export type SettingValue = string | number | boolean | string[];

export interface Setting {
  name: string;
  group: string;
  meaning: string;
  kind: 'switch' | 'number' | 'text' | 'list';
  choices: string[] | null;
  /** What counts from the next start at the latest. */
  value: SettingValue;
  in_force: SettingValue;
  default: SettingValue;
  origin: 'default' | 'file' | 'environment' | 'flag';
  /** The variable of the environment that says it. */
  variable: string;
  takes_effect: 'now' | 'restart';
  is_changed_here: boolean;
}

/** Of a secret only whether there is one. */
export interface Secret {
  name: string;
  is_set: boolean;
  origin: 'vault' | 'environment';
  variable: string;
  is_changed_here: boolean;
}

export interface OwnerSettings {
  data: Setting[];
  secrets: Secret[];
  file: string;
  data_dir: string;
  secrets_kept_in: string;
}

/** Copies of the rows, newest first. */
export interface Backups {
  data: { file: string; size_bytes: number; created_at: string }[];
  kept: number;
  folder: string;
  /** False where rows are on a database server. */
  is_possible: boolean;
}

/** Null takes a setting back to its default, and forgets a secret. */
export interface SettingsChange {
  settings?: Record<string, SettingValue | null>;
  secrets?: Record<string, string | null>;
}
