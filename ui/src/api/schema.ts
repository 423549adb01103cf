// Every endpoint the interface calls, in the shape openapi-typescript writes, so that its file can take this one's place.
import type * as t from './types';

interface Asked {
  query?: object;
  path?: object;
  /** JSON, or a file's own text. */
  body?: object | string;
}

type Part<In extends Asked, K extends 'query' | 'path'> = In[K] extends object ? In[K] : never;

type Operation<Out, In extends Asked = Record<never, never>> = {
  parameters: In['path'] extends object
    ? { query?: Part<In, 'query'>; header?: never; path: In['path']; cookie?: never }
    : { query?: Part<In, 'query'>; header?: never; path?: never; cookie?: never };
  responses: {
    200: { headers: Record<string, unknown>; content: { 'application/json': Out } };
    default: { headers: Record<string, unknown>; content: { 'application/json': t.ErrorEnvelope } };
  };
} & (In['body'] extends object | string
  ? { requestBody: { content: { 'application/json': In['body'] } } }
  : { requestBody?: never });

type Ok = { ok: true };
type File = { path: { file_id: string } };
type JobPath = { path: { job_id: string } };
type ClipPath = { path: { clip_id: string } };
type PresetPath = { path: { preset_id: string } };
type WebhookPath = { path: { webhook_id: string } };
type MemberPath = { path: { member_id: string } };
type Empty = Record<string, never>;

/** A type alias, not an interface: openapi-fetch needs the index signature that only an alias has. */
export type paths = {
  '/v1/setup': {
    get: Operation<{ needs_owner: boolean }>;
    post: Operation<t.Session, { body: { token: string; email: string; name: string; password: string } }>;
  };
  '/v1/auth/sign-in': { post: Operation<t.Session, { body: { email: string; password: string } }> };
  '/v1/auth/sign-out': { post: Operation<Ok, { body: Empty }> };
  '/v1/auth/session': { get: Operation<t.Session> };

  '/v1/auth/invite': {
    post: Operation<{ email: string | null; invited_by: string; expires_at: string }, { body: { token: string } }>;
  };
  '/v1/auth/sign-up': {
    get: Operation<{ is_open: boolean }>;
    post: Operation<t.Session, { body: { token?: string; email: string; name: string; password: string } }>;
  };
  '/v1/auth/reset': { post: Operation<t.Session, { body: { token: string; password: string } }> };
  '/v1/auth/password': { post: Operation<t.Session, { body: { current_password: string; password: string } }> };
  '/v1/auth/sessions': { get: Operation<{ data: t.SignedIn[] }>; delete: Operation<{ ended: number }> };
  '/v1/auth/sessions/{session_id}': { delete: Operation<Ok, { path: { session_id: string } }> };
  '/v1/admin/hand-over': { post: Operation<t.Session, { body: { member_id: string; password: string } }> };
  '/v1/admin/invites': {
    get: Operation<{ data: t.Invite[]; covered_by_default: boolean }>;
    post: Operation<t.NewInvite, { body: { email?: string; is_covered?: boolean } }>;
  };
  '/v1/admin/invites/{invite_id}': { delete: Operation<Ok, { path: { invite_id: string } }> };
  '/v1/admin/members': { get: Operation<{ data: t.Member[] }> };
  '/v1/admin/members/{member_id}': {
    patch: Operation<t.Member, MemberPath & { body: { is_covered?: boolean; name?: string } }>;
    delete: Operation<Ok, MemberPath>;
  };
  '/v1/admin/members/{member_id}/reset-link': { post: Operation<t.ResetLink, MemberPath & { body: Empty }> };

  '/v1/account': {
    get: Operation<t.Account>;
    patch: Operation<t.Account, { body: { name?: string; email?: string; current_password?: string } }>;
    delete: Operation<Ok, { body: { password: string; confirm: 'DELETE' } }>;
  };
  '/v1/account/signup-credit': { post: Operation<{ granted: number; balance: number }, { body: Empty }> };
  '/v1/keys': { get: Operation<{ data: t.Key[] }>; post: Operation<t.NewKey, { body: { name: string } }> };
  '/v1/keys/{key_id}': { delete: Operation<Ok, { path: { key_id: string } }> };
  '/v1/webhooks': {
    get: Operation<{ data: t.Webhook[] }>;
    post: Operation<t.NewWebhook, { body: { url: string; events: string[]; description?: string } }>;
  };
  '/v1/webhooks/{webhook_id}': {
    patch: Operation<
      t.Webhook,
      WebhookPath & { body: { url?: string; events?: string[]; description?: string; enabled?: boolean } }
    >;
    delete: Operation<Ok, WebhookPath>;
  };
  '/v1/webhooks/{webhook_id}/test': {
    post: Operation<{ delivery_id: string; status: 'pending' }, WebhookPath & { body: { event?: string } }>;
  };
  '/v1/webhooks/{webhook_id}/rotate-secret': { post: Operation<t.NewWebhook, WebhookPath & { body: Empty }> };
  '/v1/webhooks/{webhook_id}/deliveries': {
    get: Operation<
      t.Listing<t.Delivery>,
      WebhookPath & { query: { limit?: number; cursor?: string; status?: t.DeliveryStatus; event?: string } }
    >;
  };
  '/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay': {
    post: Operation<t.Delivery, { path: { webhook_id: string; delivery_id: string }; body: Empty }>;
  };
  '/v1/support': {
    post: Operation<t.Ticket, { body: { subject: string; message: string; email?: string } }>;
  };
  '/v1/feature-request': { post: Operation<t.Ticket, { body: { title: string; description: string } }> };
  '/v1/admin/settings': { get: Operation<t.OwnerSettings>; patch: Operation<t.OwnerSettings, { body: t.SettingsChange }> };
  '/v1/admin/settings/test-mail': { post: Operation<Ok & { to: string }, { body: { to?: string } }> };
  '/v1/admin/outbox/{mail_id}/send': { post: Operation<t.Mail, { path: { mail_id: string }; body: Empty }> };
  '/v1/admin/backup': { get: Operation<t.Backups>; post: Operation<t.Backups, { body: Empty }> };
  '/v1/admin/health': { get: Operation<{ data: t.Check[] }> };
  '/v1/balance': { get: Operation<t.Balance> };
  '/v1/rules': { get: Operation<t.Rules> };

  '/v1/deposit/providers': { get: Operation<t.PayWays> };
  '/v1/deposits': { get: Operation<{ data: t.Deposit[] }> };
  '/v1/deposit': {
    post: Operation<t.DepositBegun, { body: { amount: number; provider?: 'manual' | 'stripe'; save_card?: boolean } }>;
  };
  '/v1/deposit/finalize': { post: Operation<t.DepositDone, { body: { attempt_id: string } }> };
  '/v1/deposit/btcpay': { post: Operation<t.Invoice, { body: { amount: number } }> };
  '/v1/deposit/btcpay/status/{attempt_id}': {
    get: Operation<t.DepositDone & { paid_amount: number; error: string | null }, { path: { attempt_id: string } }>;
  };
  '/v1/cards': { get: Operation<{ data: t.Card[] }> };
  '/v1/cards/{payment_method_id}': { delete: Operation<Ok, { path: { payment_method_id: string } }> };
  '/v1/account/reload-settings': {
    get: Operation<t.ReloadSettings>;
    post: Operation<t.ReloadSettings, { body: t.ReloadSettingsAsk }>;
  };
  '/v1/storage': { get: Operation<t.Storage> };
  '/v1/storage/purchase': {
    post: Operation<{ gb: number; price: number; quota_bytes: number; balance: number }, { body: { gb: number } }>;
  };
  '/v1/usage': { get: Operation<t.Usage, { query: { from: string; to: string } }> };
  '/v1/admin/usage': { get: Operation<t.UsageOfAll, { query: { from: string; to: string } }> };
  '/v1/admin/outbox': {
    get: Operation<t.Outbox, { query: { status?: t.MailStatus; limit?: number; cursor?: string } }>;
  };
  '/v1/admin/deposits': {
    get: Operation<t.Listing<t.DeskDeposit>, { query: { state?: 'waiting' | 'all'; limit?: number; cursor?: string } }>;
  };
  '/v1/admin/deposits/{attempt_id}/approve': {
    post: Operation<t.DeskDeposit, { path: { attempt_id: string }; body: { as: 'paid' | 'grant' } }>;
  };
  '/v1/admin/deposits/{attempt_id}/reject': {
    post: Operation<t.DeskDeposit, { path: { attempt_id: string }; body: { reason: string } }>;
  };
  '/v1/admin/grants': {
    post: Operation<{ granted: number; balance: number }, { body: { email: string; amount: number } }>;
  };

  '/v1/uploads': { get: Operation<t.Listing<t.Upload>, { query: { limit?: number; cursor?: string } }> };
  '/v1/uploads/sample': { post: Operation<t.Upload, { body: Empty }> };
  '/v1/upload/request': { post: Operation<t.SimpleUpload, { body: t.UploadAsk }> };
  '/v1/upload/abort': { post: Operation<Ok & { file_id: string }, { body: { file_id: string } }> };
  '/v1/upload/multipart/initiate': {
    post: Operation<t.MultipartUpload, { body: t.UploadAsk & { part_size: number; part_count: number } }>;
  };
  '/v1/upload/multipart/refresh': {
    post: Operation<
      { file_id: string; upload_id: string; parts: t.PartUrl[]; expires_in: number },
      { body: { file_id: string; upload_id: string; part_numbers: number[] } }
    >;
  };
  '/v1/upload/multipart/complete': {
    post: Operation<
      Ok & { file_id: string; queued_validation: true },
      { body: { file_id: string; upload_id: string; parts: t.PartTag[] } }
    >;
  };
  '/v1/upload/multipart/abort': {
    post: Operation<Ok & { file_id: string }, { body: { file_id: string; upload_id: string } }>;
  };
  '/v1/upload/{file_id}': { get: Operation<t.Upload, File> };
  '/v1/upload/{file_id}/preview': { get: Operation<t.Preview, File> };
  '/v1/upload/{file_id}/proxy': { post: Operation<t.Preview, File & { body: Empty }> };

  '/v1/clip': { post: Operation<t.ClipQueued, { body: t.ClipAsk }> };
  '/v1/clip/{job_id}': { get: Operation<t.Job, JobPath> };
  '/v1/clip/{job_id}/cancel': { post: Operation<t.Job, JobPath & { body: Empty }> };
  '/v1/clip/analyze': {
    post: Operation<
      t.Moments | { job_id: string; status: t.JobStatus },
      { body: { file_id: string; query: string; read_everything?: boolean } }
    >;
  };
  '/v1/clip/auto': { post: Operation<{ job_id: string; status: 'pending'; reserved: number }, { body: t.AutoAsk }> };
  '/v1/clip/tighten': { post: Operation<t.Tightened, { body: { file_id: string; accept?: string[] } }> };
  '/v1/moments': { get: Operation<t.Learned>; delete: Operation<Ok & { deleted: number }> };
  '/v1/moments/{moment_id}': {
    post: Operation<Ok, { path: { moment_id: string }; body: { what: 'liked' | 'dismissed' } }>;
  };

  '/v1/speech': { get: Operation<t.Speech, { query: { file_id?: string } }> };
  '/v1/jobs': { get: Operation<{ data: t.Job[] }, { query: { state?: 'active' | 'all'; limit?: number } }> };

  '/v1/transcript': { post: Operation<Partial<t.Transcript> & { job_id?: string }, { body: t.TranscriptAsk }> };
  '/v1/transcript/{name}': {
    get: Operation<t.Transcript, { path: { name: string } }>;
    put: Operation<t.Transcript, { path: { name: string }; body: string }>;
  };
  '/v1/transcript/{file_id}/words/{position}': {
    patch: Operation<t.TimedWord, { path: { file_id: string; position: number }; body: { word: string } }>;
  };
  '/v1/search': { get: Operation<t.Listing<t.Quote>, { query: { q: string; limit?: number; cursor?: string } }> };
  '/v1/glossary': { get: Operation<{ words: string[] }>; put: Operation<{ words: string[] }, { body: { words: string[] } }> };
  '/v1/admin/models': {
    get: Operation<t.LocalModels>;
    post: Operation<{ job_id: string; status: string }, { body: { name?: string; path?: string } }>;
  };
  '/v1/admin/models/{name}': { delete: Operation<Ok, { path: { name: string } }> };
  '/v1/admin/models/{name}/cancel': { post: Operation<{ job_id: string }, { path: { name: string }; body: Empty }> };

  '/v1/captions': {
    post: Operation<
      t.CaptionsQueued,
      { body: { preset_ref: string; file_id?: string; clip_id?: string; quality?: string } }
    >;
  };
  '/v1/captions/ass': { post: Operation<t.DrawnCaptions, { body: t.CaptionLook }> };
  '/v1/captions/review': { post: Operation<t.ReviewedCaptions, { body: t.CaptionLook }> };
  '/v1/captions/frame': {
    post: Operation<Blob, { body: t.CaptionLook & { at: number; background_file_id?: string } }>;
  };
  '/v1/caption-presets': {
    get: Operation<t.Preset[], { query: { scope?: 'all' | 'built_in' | 'custom' } }>;
    post: Operation<t.Preset, { body: { name: string; clone_from_preset_ref: string } & Partial<t.CaptionStyle> }>;
  };
  '/v1/caption-presets/{preset_id}': {
    patch: Operation<t.Preset, PresetPath & { body: { name?: string } & Partial<t.CaptionStyle> }>;
    delete: Operation<Ok, PresetPath>;
  };
  '/v1/caption-fonts': {
    get: Operation<{ data: t.CaptionFont[]; builtin: { font_name: string }[] }>;
    post: Operation<t.CaptionFont, { query: { filename?: string }; body: FormData }>;
  };
  '/v1/caption-fonts/{font_id}': { delete: Operation<Ok, { path: { font_id: string } }> };

  '/v1/clips': { get: Operation<t.Listing<t.Clip> & { total: number }, { query: t.ClipFilter }> };
  '/v1/clips/{clip_id}': {
    get: Operation<t.Clip, ClipPath>;
    patch: Operation<t.Clip, ClipPath & { body: { title: string } }>;
    delete: Operation<Ok, ClipPath>;
  };
  '/v1/clips/{clip_id}/pin': { post: Operation<t.Clip, ClipPath & { body: Empty }> };
  '/v1/clips/{clip_id}/unpin': { post: Operation<t.Clip, ClipPath & { body: Empty }> };
  '/v1/share/{clip_id}/view-count-visibility': {
    patch: Operation<{ clip_id: string; view_count_visible: boolean }, ClipPath & { body: { visible: boolean } }>;
  };
  '/v1/clips/bulk-delete': {
    post: Operation<{ deleted: string[]; not_found: string[] }, { body: { clip_ids: string[] } }>;
  };
};
