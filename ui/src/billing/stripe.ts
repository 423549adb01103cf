// Stripe's own card form: loaded from Stripe when somebody pays, never before.

export interface CardElement {
  mount(place: HTMLElement): void;
  destroy(): void;
}

export interface StripeForm {
  elements(): { create(kind: 'card', options: object): CardElement };
  confirmCardPayment(
    secret: string,
    data: { payment_method: { card: CardElement }; setup_future_usage?: 'off_session' },
  ): Promise<{ error?: { message?: string } | null }>;
}

declare global {
  interface Window {
    Stripe?: (publishableKey: string) => StripeForm;
  }
}

let loading: Promise<void> | null = null;

/** Stripe, ready to make a form. Rejects when its script cannot be had; the next call tries again. */
export async function openStripe(js: string, publishableKey: string): Promise<StripeForm> {
  loading ??= load(js);
  try {
    await loading;
  } catch (failure) {
    loading = null;
    throw failure;
  }
  return window.Stripe!(publishableKey);
}

function load(js: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = js;
    script.onload = () => (window.Stripe ? resolve() : reject(new Error('no Stripe')));
    script.onerror = () => {
      script.remove();
      reject(new Error('not loaded'));
    };
    document.head.append(script);
  });
}
