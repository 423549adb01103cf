// Texts of the first start and of signing in.

export const auth = {
  setup: {
    title: 'Welcome to FastClip',
    lead: 'Make the owner’s account. It lives on this machine and nowhere else.',
    name: 'Your name',
    email: 'Email',
    password: 'Password',
    submit: 'Create account and start',
    noToken: 'This link is not complete',
    noTokenHint: 'Open the whole link that FastClip printed when it started. It ends with # and a long code, and works once.',
    done: 'FastClip already has an owner',
    doneHint: 'Sign in with that account, or ask its owner to add you.',
    toSignIn: 'Go to sign in',
  },
  signIn: {
    title: 'Sign in',
    lead: 'Cut exact clips from long recordings.',
    email: 'Email',
    password: 'Password',
    submit: 'Sign in',
    expired: 'Your session has ended. Sign in to go on where you were.',
    lost: 'Lost your password?',
    lostHint: 'Whoever runs this FastClip can set a new one on its machine:',
    lostCommand: (email: string) => `fastclip user password --email ${email || 'you@example.com'}`,
    waiting: 'FastClip has no owner yet',
    waitingHint: 'Open the setup link that FastClip printed where it was started. It works on that machine only.',
  },
  strength: {
    label: 'Password strength',
    short: (missing: number) => (missing === 1 ? '1 more character' : `${missing} more characters`),
    weak: 'Easy to guess. Add words or length.',
    fair: 'Fair. A few more characters make it strong.',
    strong: 'Strong',
  },
  fields: {
    nameMissing: 'Enter your name.',
    emailWrong: 'Enter an address such as you@example.com.',
    passwordMissing: 'Enter your password.',
  },
  unreachable: 'FastClip does not answer',
} as const;
