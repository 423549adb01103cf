// Money as it stands by a button: whole cents in, `$0.06` out.

const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });

export const formatCents = (cents: number): string => dollars.format(cents / 100);

/** Answers of the API carry dollars. */
export const formatDollars = (amount: number): string => dollars.format(amount);
