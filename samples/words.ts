/** What the sample shop's rows are made of: plain and awkward text, as real shops have it. */

export interface Person {
  first: string;
  last: string;
  /** For an email address. */
  plain: string;
}

export const people: readonly Person[] = [
  { first: "Anna", last: "Müller", plain: "anna.mueller" },
  { first: "José", last: "García Núñez", plain: "jose.garcia" },
  { first: "李", last: "小龙", plain: "li.xiaolong" },
  { first: "さくら", last: "田中", plain: "sakura.tanaka" },
  { first: "Олена", last: "Шевченко", plain: "olena.shevchenko" },
  { first: "محمد", last: "الحسن", plain: "mohammed.alhassan" },
  { first: "Seán", last: "O'Brien", plain: "sean.obrien" },
  { first: "D'Angelo", last: "Brown", plain: "dangelo.brown" },
  { first: 'Robert "Bob"', last: "Smith", plain: "bob.smith" },
  { first: "Zoë", last: "van der Berg", plain: "zoe.vanderberg" },
  { first: "Łukasz", last: "Żółć", plain: "lukasz.zolc" },
  { first: "Nguyễn", last: "Thị Hương", plain: "huong.nguyen" },
  { first: "प्रिया", last: "शर्मा", plain: "priya.sharma" },
  { first: "Noa", last: "כהן", plain: "noa.cohen" },
  { first: "Emma", last: "Johnson", plain: "emma.johnson" },
  { first: "Liam", last: "Wilson", plain: "liam.wilson" },
  { first: "Olivia", last: "Null", plain: "olivia.null" },
  { first: "Björk", last: "Þórsdóttir", plain: "bjork.thorsdottir" },
  { first: "Ana Sofía", last: "Peña-López", plain: "ana.pena" },
  { first: "김", last: "민준", plain: "minjun.kim" },
];

export const notes: readonly string[] = [
  "Please leave at the back door",
  "It's a gift 🎁 – no invoice, please!",
  'She said "ring twice"; then wait',
  "Zwei Zeilen:\nLinks klingeln, 3. Stock",
  "👩‍👩‍👧‍👦 family order, see \\\\share\\notes",
  "Entregar después de las 17:00 — ¡gracias!",
  "Robert'); DROP TABLE orders;--",
  "配達は午前中にお願いします。",
  "توصيل بعد الظهر",
  "50% off? See e\u0301 and é {json: [1, 2]}\ttabbed",
  "",
];

export interface Product {
  title: string;
  variants: readonly string[];
  /** In cents. */
  price: number;
  grams: number;
  physical: boolean;
}

export const products: readonly Product[] = [
  {
    title: "Lotus Tea, 100 g",
    variants: ["Jasmine", "Sencha 煎茶"],
    price: 1295,
    grams: 120,
    physical: true,
  },
  { title: "Ceramic Mug “Morning”", variants: ["Blue", "Weiß"], price: 1850, grams: 420, physical: true },
  { title: "Crème brûlée set", variants: ["4 pcs", "6 pcs"], price: 4999, grams: 1800, physical: true },
  { title: 'Notebook 5" × 8"', variants: ["Dotted", "Lined"], price: 999, grams: 260, physical: true },
  { title: "Wool Blanket", variants: ["Grey", "Ocre"], price: 11900, grams: 1500, physical: true },
  { title: "Espresso Beans ☕ 1 kg", variants: ["Dark", "Medium"], price: 2749, grams: 1020, physical: true },
  { title: "Gift Card", variants: ["25", "50"], price: 2500, grams: 0, physical: false },
  { title: "Brewing Course (online)", variants: ["Basic"], price: 7900, grams: 0, physical: false },
  { title: "Kettle 1.7 L", variants: ["Steel", "Black"], price: 8949, grams: 1300, physical: true },
  { title: "Sticker 🌸", variants: ["Small"], price: 199, grams: 5, physical: true },
];

export interface Country {
  code: string;
  name: string;
  city: string;
  zip: string;
  currency: string;
  /** Units of the country's currency for one US dollar. */
  rate: number;
  taxPercent: number;
  taxIncluded: boolean;
  locale: string;
  utcOffset: string;
}

export const countries: readonly Country[] = [
  country("US", "United States", "Portland", "97201", "USD", 1, 8, false, "en", "-08:00"),
  country("US", "United States", "New York", "10001", "USD", 1, 8.875, false, "en", "-05:00"),
  country("CA", "Canada", "Montréal", "H2X 1Y4", "CAD", 1.37, 14.975, false, "fr", "-05:00"),
  country("DE", "Germany", "Köln", "50667", "EUR", 0.92, 19, true, "de", "+01:00"),
  country("GB", "United Kingdom", "Leeds", "LS1 4DY", "GBP", 0.79, 20, true, "en", "+00:00"),
  country("JP", "Japan", "東京", "100-0001", "JPY", 149.5, 10, true, "ja", "+09:00"),
  country("MX", "Mexico", "Mérida", "97000", "MXN", 17.2, 16, true, "es", "-06:00"),
  country("AE", "United Arab Emirates", "Dubai", "", "AED", 3.6725, 5, false, "ar", "+04:00"),
];

export const discountCodes: readonly { code: string; percent: number }[] = [
  { code: "WELCOME10", percent: 10 },
  { code: "SOMMER-15", percent: 15 },
  { code: "VIP 20 ✨", percent: 20 },
];

export const orderTags: readonly string[] = ["", "wholesale", "vip, priority", "gift", "b2b, net-30"];
export const cancelReasons: readonly string[] = ["customer", "inventory", "fraud", "declined", "other"];
export const sources: readonly string[] = ["web", "web", "web", "pos", "iphone", "580111"];
export const metrics: readonly string[] = [
  "Received Email",
  "Opened Email",
  "Clicked Email",
  "Viewed Product",
  "Active on Site",
];

function country(
  code: string,
  name: string,
  city: string,
  zip: string,
  currency: string,
  rate: number,
  taxPercent: number,
  taxIncluded: boolean,
  locale: string,
  utcOffset: string,
): Country {
  return { code, name, city, zip, currency, rate, taxPercent, taxIncluded, locale, utcOffset };
}
