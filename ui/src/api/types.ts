// The nouns of the API as the interface uses them. Follows the API reference and its added endpoints.

export type MediaKind = 'video' | 'audio';
export type UploadStatus = 'pending' | 'processing' | 'ready' | 'failed';
export type JobStatus = 'pending' | 'downloading' | 'processing' | 'uploading' | 'complete' | 'failed';

export interface ErrorEnvelope {
  error: string;
  code: string;
  param: string | null;
  request_id: string;
}

export interface Account {
  id: string;
  email: string;
  name: string;
  role: 'owner' | 'member';
  created_at: string;
  balance: number;
  is_covered: boolean;
  has_paid_deposit: boolean;
  signup_credit_available: boolean;
  auth: 'api_key' | 'session';
  limits: Record<string, number | boolean>;
}

export interface Session {
  account: Account;
  csrf_token: string;
}

export interface Balance {
  balance: number;
  reserved: number;
  currency: 'usd';
  has_paid_deposit: boolean;
  first_topup_bonus_available: boolean;
  low_balance_threshold: number;
}

export interface Key {
  key_id: string;
  name: string;
  prefix: string;
  last_used_at: string | null;
  last_used_ip: string | null;
  created_at: string;
}

/** The only answer that holds the key itself. */
export interface NewKey {
  key_id: string;
  name: string;
  key: string;
  prefix: string;
  created_at: string;
}

/** Somebody who has an account here, as the owner sees them. */
export interface Member {
  id: string;
  email: string;
  name: string;
  role: 'owner' | 'member';
  is_covered: boolean;
  balance: number;
  created_at: string;
  last_seen_at: string | null;
  clip_count: number;
  clip_bytes: number;
}

export interface Invite {
  invite_id: string;
  email: string | null;
  is_covered: boolean;
  created_at: string;
  expires_at: string;
}

/** The only answer that holds the link. */
export interface NewInvite extends Invite {
  url: string;
  mailed: boolean;
}

export interface ResetLink {
  url: string;
  mailed: boolean;
  expires_in: number;
}

/** One browser in which this account is signed in. */
export interface SignedIn {
  session_id: string;
  is_current: boolean;
  ip: string | null;
  user_agent: string | null;
  created_at: string;
  last_seen_at: string;
}

/** One row of the health page. */
export interface Check {
  name: string;
  state: 'ok' | 'warn' | 'fail';
  cause: string;
  fix: string;
}

/** [minutes, cents]: up to so many minutes cost so many cents. */
export type Tier = number[];

export interface Rules {
  prices: {
    trim_cents: number;
    trim_4k_surcharge_cents: number;
    captions_minute_cents: { '1080p': number; '4k': number };
    transcript_cents: Tier[];
    analyze_cents: Tier[];
    auto_cents: Tier[];
    storage_cents: Tier[];
    deposit: {
      min_cents: number;
      max_cents: number;
      first_bonus_percent: number;
      large_cents: number;
      large_bonus_percent: number;
    };
  };
  limits: {
    max_upload_bytes: number;
    max_source_s: number;
    max_segment_s: number;
    max_gif_s: number;
    max_segments: number;
    max_clip_title_chars: number;
    max_key_name_chars: number;
    max_api_keys: number;
  max_webhooks: number;
    max_bulk_delete: number;
    max_font_bytes: number;
    simple_upload_bytes: number;
    min_part_bytes: number;
    default_part_bytes: number;
    storage_custom_gb: number[];
  };
  formats: Record<MediaKind, { api_key: string[]; session: string[] }>;
  qualities: Record<string, string[]>;
  extensions: Record<MediaKind, string[]>;
  captions: {
    /** [lowest, highest] of each number. */
    ranges: Record<StyleNumber, number[]>;
    choices: Record<'text_transform' | 'effect' | 'animation' | 'font_source', string[]>;
    highlight_words: number[];
  };
}

export interface Upload {
  file_id: string;
  status: UploadStatus;
  filename: string;
  content_type: string;
  file_size: number;
  duration: number | null;
  duration_seconds: number | null;
  max_height: number | null;
  format_detected: string | null;
  media_kind: MediaKind | null;
  has_video: boolean | null;
  has_audio: boolean | null;
  error: string | null;
  created_at: string;
  expires_at: string;
  clip_requested: boolean;
  clip_job_id: string | null;
  poster_url?: string | null;
}

export interface UploadAsk {
  filename: string;
  content_type: string;
  file_size: number;
  clip?: { start: number; end: number; source_title?: string };
}

export interface SimpleUpload {
  file_id: string;
  upload_url: string;
  expires_in: number;
  clip_requested: boolean;
}

export interface PartUrl {
  part_number: number;
  url: string;
}

export interface MultipartUpload {
  file_id: string;
  upload_id: string;
  parts: PartUrl[];
  expires_in: number;
  clip_requested: boolean;
}

export interface PartTag {
  part_number: number;
  etag: string;
}

/** What a player needs of an upload. Times are seconds on the source's timeline. */
export interface Preview {
  file_id: string;
  status: 'preparing' | 'ready' | 'failed';
  progress: number;
  source: { url: string; content_type: string; codecs: string };
  media_kind: MediaKind;
  width: number;
  height: number;
  rotation: number;
  fps: { num: number; den: number } | null;
  is_vfr: boolean;
  duration: number;
  keyframes: number[];
  /** Whether clips that begin at one of the keyframes are copied, not encoded. */
  has_instant_starts: boolean;
  peaks: { url: string; per_second: number; count: number } | null;
  filmstrip: {
    url: string;
    columns: number;
    rows: number;
    count: number;
    interval: number;
    tile_width: number;
    tile_height: number;
  } | null;
  frame_times: { url: string; count: number; unit_s: number } | null;
  poster_url: string | null;
  proxy: {
    status: 'pending' | 'processing' | 'ready' | 'failed';
    progress: number;
    url: string | null;
    error: string | null;
  } | null;
}

export interface PreviewProgress {
  file_id: string;
  status: Preview['status'];
  progress: number;
}

export interface Range {
  start: number;
  end: number;
}

export interface ClipAsk {
  file_id: string;
  start?: number;
  end?: number;
  segments?: Range[];
  format?: string;
  quality?: string;
  captions?: { preset_ref: string };
  source_title?: string;
  /** All segments as one clip. */
  merge?: true;
}

export interface ClipQueued {
  job_id?: string;
  job_ids?: string[];
  status: 'pending' | 'partial';
  error?: string;
}

export interface Job {
  job_id: string;
  status: JobStatus;
  progress: number;
  status_message: string;
  download_url: string | null;
  file_name: string | null;
  format: string;
  quality: string | null;
  aspect_ratio: string | null;
  saved_to_library: boolean;
  clip_id: string | null;
  share_url: string | null;
  embed_url: string | null;
  cost: number | null;
  balance: number | null;
  reserved?: number | null;
  error?: string | null;
  code?: string | null;
  kind: string;
  file_id: string | null;
  source_name: string | null;
  start: number | null;
  end: number | null;
  created_at: string;
  eta_s: number | null;
  plan: string | null;
  frames?: number | null;
  /** Of an auto-clip job. */
  query?: string | null;
  note?: string | null;
  clips?: AutoClip[];
}

/** Why a moment is offered. */
export interface Reason {
  kind: string;
  text: string;
  value: number | null;
}

export interface Moment extends Range {
  moment_id: string;
  title: string | null;
  excerpt: string;
  /** 0 to 1, calibrated. */
  confidence: number;
  reasons: Reason[];
}

export interface Moments {
  segments: Moment[];
  query: string | null;
  /** `embeddings`, `bm25`, `audio`; with a language model `embeddings+llama.cpp`. */
  engine: string;
  note: string | null;
  /** Nothing fits well; the only one is the nearest. */
  is_weak: boolean;
  cost: number | null;
}

/** Something that could go from a recording. */
export interface Proposal extends Range {
  id: string;
  kind: 'silence' | 'filler' | 'repeat';
  /** What it saves: less than its length, some of a pause stays. */
  seconds: number;
  text: string | null;
  reason: string;
  is_chosen: boolean;
}

export interface Tightened {
  proposals: Proposal[];
  /** What is left of the recording. */
  segments: Range[];
  duration: number;
  duration_after: number;
  seconds_saved: number;
  trim_cost: number;
  note: string | null;
}

export interface AutoAsk {
  file_id: string;
  query: string;
  format?: string;
  quality?: string;
  captions?: { preset_ref: string };
}

/** A moment of an auto-clip job on its way to a clip. */
export interface AutoClip extends Moment {
  clip_id: string | null;
  status: 'pending' | 'processing' | 'complete' | 'failed';
  duration: number | null;
  captioned: boolean;
  download_url: string | null;
  file_name: string | null;
  cost: number | null;
  error: string | null;
}

export interface Clip {
  clip_id: string;
  job_id: string;
  title: string;
  file_name: string;
  format: string;
  quality: string | null;
  aspect_ratio: string | null;
  media_kind: MediaKind;
  duration: number;
  size_bytes: number;
  source_file_id: string | null;
  start: number | null;
  end: number | null;
  captioned: boolean;
  pinned: boolean;
  views: number;
  view_count_visible: boolean;
  download_url: string;
  thumbnail_url: string | null;
  share_url: string;
  embed_url: string;
  created_at: string;
  expires_at: string | null;
  kind: string;
}

/** A word of a transcript; `position` names it. */
export interface CaptionStyle {
  font_source: 'builtin' | 'upload';
  font_name: string;
  font_id: string | null;
  font_size: number;
  text_transform: string;
  letter_spacing: number;
  line_height: number;
  max_lines: number;
  max_width: number;
  words_per_caption: number;
  text_color: string;
  stroke_enabled: boolean;
  stroke_width: number;
  stroke_color: string;
  shadow_enabled: boolean;
  shadow_color: string;
  shadow_opacity: number;
  shadow_x: number;
  shadow_y: number;
  shadow_blur: number;
  highlight_mode: boolean;
  highlight_color: string;
  highlight_scale: number;
  inactive_opacity: number;
  effect: string;
  /** Null: the highlight colour. */
  box_color: string | null;
  box_opacity: number;
  box_radius: number;
  box_padding: number;
  glow_size: number;
  animation: string;
  animation_ms: number;
  position_x: number;
  position_y: number;
  linger_ms: number;
  hold_gap_ms: number;
}

type FieldsOf<Value> = { [K in keyof CaptionStyle]: CaptionStyle[K] extends Value ? K : never }[keyof CaptionStyle];
export type StyleNumber = FieldsOf<number>;
export type StyleSwitch = FieldsOf<boolean>;
export type StyleColor = 'text_color' | 'stroke_color' | 'shadow_color' | 'highlight_color' | 'box_color';

export interface Preset extends CaptionStyle {
  /** `builtin:bold-hook`, `preset:cap_preset_1`. */
  preset_ref: string;
  scope: 'built_in' | 'custom';
  slug: string;
  name: string;
  editable: boolean;
}

export interface CaptionFont {
  font_id: string;
  font_name: string;
  style: string;
  weight: number;
  format: string;
  size_bytes: number;
}

export interface SpokenWord {
  word: string;
  start: number;
  end: number;
}

/** A style with changes that are not saved, and the words to show in it. */
export interface CaptionLook {
  preset_ref: string;
  fields?: Partial<CaptionStyle>;
  width: number;
  height: number;
  words?: SpokenWord[];
  file_id?: string;
  start?: number;
  end?: number;
  /** Mean colour of the picture behind. */
  backdrop?: string;
}

/** Parts of the picture, 0 to 1. */
export interface CaptionBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Caption {
  start: number;
  end: number;
  lines: string[];
  box: CaptionBox;
}

/** What to mend before captions are burned; `fix` is empty where only the words can be changed. */
export interface Finding {
  kind: string;
  reason: string;
  at_s: number;
  count: number;
  fix: Partial<CaptionStyle>;
}

export interface DrawnCaptions {
  ass: string;
  fonts: { family: string; url: string }[];
  default_font: string;
  width: number;
  height: number;
  captions: Caption[];
  findings: Finding[];
  style: CaptionStyle;
}

export interface CaptionsQueued {
  job_id: string;
  status: 'pending';
  reserved: number;
}

export type ClipSort = 'created_desc' | 'created_asc' | 'name';
export type ClipMedia = 'video' | 'audio' | 'gif';

export interface ClipFilter {
  limit?: number;
  cursor?: string;
  q?: string;
  pinned?: boolean;
  media?: ClipMedia;
  captioned?: boolean;
  sort?: ClipSort;
}

export interface ClipChange {
  clip_id: string;
  change: 'added' | 'changed' | 'removed';
}

export interface Listing<T> {
  data: T[];
  next_cursor: string | null;
}

export interface Webhook {
  id: string;
  url: string;
  events: string[];
  description: string;
  enabled: boolean;
  created_at: string;
  last_delivery_at: string | null;
  consecutive_failures: number;
  disabled_reason: string | null;
}

export interface NewWebhook extends Webhook {
  secret: string;
}

export type DeliveryStatus = 'pending' | 'retrying' | 'delivered' | 'failed';

export interface Delivery {
  id: string;
  event: string;
  status: DeliveryStatus;
  attempt: number;
  max_attempts: number;
  response_status: number | null;
  error: string | null;
  duration_ms: number | null;
  created_at: string;
  next_attempt_at: string | null;
  delivered_at: string | null;
  payload: { event: string; data: Record<string, unknown> };
}

export interface Ticket {
  ok: true;
  ticket_id: string;
}

export const isLive = (job: Job): boolean => job.status !== 'complete' && job.status !== 'failed';

// -- Money -----------------------------------------------------------------------------------------------------

export type PayWay = 'manual' | 'stripe' | 'btcpay';

export interface PayWays {
  providers: PayWay[];
  instructions: string;
  stripe_publishable_key?: string;
  stripe_js?: string;
}

export interface Deposit {
  attempt_id: string;
  provider: PayWay;
  method: 'deposit' | 'reload';
  status: string;
  amount: number;
  bonus: number;
  error: string | null;
  created_at: string;
}

/** A deposit just begun: by hand it has instructions, by card what Stripe's form needs. */
export interface DepositBegun extends Deposit {
  instructions?: string;
  client_secret?: string;
  publishable_key?: string;
}

export interface DepositDone {
  attempt_id: string;
  status: string;
  amount: number;
  bonus: number;
  balance: number;
}

export interface Invoice {
  attempt_id: string;
  invoice_id: string;
  checkout_link: string;
  status: string;
  expires_at: string;
  amount: number;
}

export interface Card {
  payment_method_id: string;
  brand: string;
  last4: string;
  exp_month: number;
  exp_year: number;
  is_default: boolean;
}

export interface ReloadSettings {
  enabled: boolean;
  email_confirmation: boolean;
  has_reload_password: boolean;
  email: string;
  low_balance_threshold: number;
}

export interface ReloadSettingsAsk {
  enabled?: boolean;
  email_confirmation?: boolean;
  reload_password?: string | null;
  low_balance_threshold?: number;
  current_password?: string | null;
}

export interface Storage {
  quota_bytes: number;
  used_bytes: number;
  temporary_bytes: number;
  purchased_gb: number;
  included_gb: number;
  packages: { gb: number; price: number }[];
  custom_price_per_gb: number;
}

export interface UsageSums {
  count: number;
  cost: number;
  seconds: number;
}

export interface Usage {
  from: string;
  to: string;
  total_cost: number;
  count: number;
  operations: (UsageSums & { operation: string })[];
  daily: (UsageSums & { date: string })[];
  api_keys: (UsageSums & { key_id: string | null; name: string })[];
}

export interface UsageOfAll {
  from: string;
  to: string;
  total_cost: number;
  accounts: (UsageSums & { account_id: string; name: string; email: string; is_closed: boolean; is_covered: boolean })[];
}

export type MailStatus = 'pending' | 'sent' | 'outbox' | 'failed';

/** A mail as the owner sees it; the text of one that was sent is gone. */
export interface Mail {
  id: string;
  to: string;
  reply_to: string | null;
  subject: string;
  text: string;
  status: MailStatus;
  attempt: number;
  error: string | null;
  created_at: string;
  next_attempt_at: string | null;
  sent_at: string | null;
}

export interface Outbox {
  data: Mail[];
  next_cursor: string | null;
  /** Where mails are handed over; null where they wait here to be passed on. */
  mail_server: string | null;
}

/** A deposit as the owner's desk shows it. */
export interface DeskDeposit extends Deposit {
  account_id: string;
  email: string;
  name: string;
  paid_amount: number;
  is_waiting: boolean;
  decided_as: 'paid' | 'grant' | 'rejected' | null;
}

export interface TimedWord {
  /** Its place among all words of the transcript. */
  position: number;
  start: number;
  end: number;
  word: string;
  probability: number | null;
}

export interface Sentence {
  start: number;
  end: number;
  text: string;
  words: TimedWord[];
}

/** All that is known of a source's words, also while they are being heard. */
export interface Transcript {
  file_id: string;
  job_id: string | null;
  status: 'pending' | 'processing' | 'failed' | 'ready';
  progress: number;
  /** Seconds that were heard so far. */
  covered: number;
  duration: number;
  language: string | null;
  engine: string | null;
  model: string | null;
  device: string | null;
  note: string | null;
  is_edited: boolean;
  segments: Sentence[];
}

/** What a transcript would be made with now. */
export interface Speech {
  engine: string;
  model: string | null;
  note: string | null;
  models: { name: string; is_multilingual: boolean }[];
  languages: string[];
  /** The one that puts moments in order, where the owner added one. */
  language_model: string | null;
}

export interface TranscriptAsk {
  file_id: string;
  model?: string;
  language?: string;
}

/** A place where something is said, among all recordings. */
export interface Quote {
  file_id: string;
  source_name: string;
  is_playable: boolean;
  start: number;
  end: number;
  position: number;
  excerpt: string;
  /** [from, to) of each found word in the excerpt. */
  matches: number[][];
  url: string;
}

export interface SpeechModel {
  name: string;
  state: 'installed' | 'fetching' | 'failed' | 'available';
  size_bytes: number | null;
  is_exact_size: boolean;
  languages: string;
  licence: string | null;
  note: string;
  source: string | null;
  sha256: string | null;
  /** What came already of one that is not whole. */
  fetched_bytes: number;
  progress: number | null;
  status_message: string | null;
  error: string | null;
  code: string | null;
}

export interface SpeechModels {
  data: SpeechModel[];
  in_use: string | null;
  built_in: { engine: string; languages: string; note: string };
  device: string | null;
  folder: string;
}
