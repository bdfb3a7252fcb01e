import { z } from 'zod';

/** A JSON:API record of Klaviyo: the keys we use are checked, everything else is let through. Ids are opaque. */
export function jsonApi<Type extends string, Shape extends z.core.$ZodLooseShape>(type: Type, attributes: Shape) {
  return z.looseObject({
    type: z.literal(type),
    id: z.string().min(1).max(255),
    attributes: z.looseObject(attributes),
  });
}
