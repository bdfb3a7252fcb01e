/**
 * The shop's own id of an item, variant or category out of Klaviyo's compound one, `<integration>:::<catalog>:::<external id>`. Brevo's
 * shop plug-ins and the products of an order use it too, so that what they write and what is carried here is one product.
 */
export function shopIdOf(klaviyoId: string): string {
  const [, , ...rest] = klaviyoId.split(SEPARATOR);
  const id = rest.join(SEPARATOR);
  return id === '' ? klaviyoId : id;
}

const SEPARATOR = ':::';
