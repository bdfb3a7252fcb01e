import type { Comparison } from '@tajo/store';

/**
 * Both sides without what is explained: of the people who are being erased or were while the run was under way, some were counted when they
 * were read and are gone from Brevo since, and some were left out and are still there.
 */
export function butForErased<Compared extends Pick<Comparison, 'differences'>>(compared: Compared, mayDiffer: number): Compared {
  const differences = compared.differences.filter(({ klaviyo, brevo }) => Math.abs(klaviyo - brevo) > mayDiffer);
  return { ...compared, differences };
}
