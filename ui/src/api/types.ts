// The nouns of the API as the interface uses them. Follows the API reference and its added endpoints.
export * from './types/accounts';
export * from './types/captions';
export * from './types/clips';
export * from './types/mails';
export * from './types/moments';
export * from './types/money';
export * from './types/rules';
export * from './types/settings';
export * from './types/transcripts';
export * from './types/uploads';
export * from './types/webhooks';
