/* SPDX-License-Identifier: Apache-2.0 */

// What the mock server answers: the three conversations by keyword, with every kind of part, so that
// the widget has something real to show. The true assistant is flows/.

const text = (line) => ({ type: "text", text: line });
const fact = (label, value) => ({ type: "fact", label, value });
const bot = (parts, choices = []) => ({ kind: "message", from: "bot", parts, choices });

const words = {
    en: {
        hello: "Hello! How can I help you today?",
        menu: ["Track my order", "Return something", "Ask about a product"],
        ask: "I'd be happy to check your order. What is your order number? You can find it in your confirmation email.",
        found: "I've found your order ORDER123456789.",
        track: [["Status", "Out for delivery"], ["Location", "Local distribution center"], ["Expected delivery", "Today by 8:00 PM"]],
        sms: "Would you like me to send you live tracking updates via SMS?",
        yesno: ["Yes, please", "No, thanks"],
        phone: "Which number should we text?",
        done: "Done! We'll keep you posted at",
        shoe: "Yes! Nike Air Max 2024 is available in size 10. Here are the details:",
        alt: "Blue and white running shoe, seen from the side",
        shoeFacts: [["Price", "$110.49"], ["Was", "$129.99 (15% off)"], ["Stock", "5 units available"], ["Rating", "4.8/5 (342 reviews)"]],
        next: "Would you like to see similar products or add this to your cart?",
        nextChoices: ["Add to cart", "View details", "Notify me on sale", "Similar products"],
        these: "These are close:", names: ["Wind jacket, moss", "Day pack, 18 litres", "Steel bottle, 0.75 l"],
        prices: ["$89.00", "$64.50", "$24.90"], view: "View",
        sorry: "I'm sorry to hear the product didn't meet your expectations. I can help you process a return.",
        order: "What is your order number, and what is the reason? (The reason is optional.)",
        eligible: "Your order ORDER987654321 can be returned: you are within the 30-day window. It's under way.",
        back: [["Label", "by e-mail within 5 minutes"], ["Refund", "$110.49"], ["Paid back", "in 5–7 business days"], ["Return tracking", "RET123456789"]],
        steps: ["Pack the item in its original packaging", "Print and attach the return label", "Drop it off at any UPS location"],
        what: "Sorry, I didn't get that.",
    },
    es: {
        hello: "¡Hola! ¿En qué puedo ayudarte?",
        menu: ["Seguir mi pedido", "Devolver algo", "Preguntar por un producto"],
        ask: "Con mucho gusto. ¿Cuál es tu número de pedido? Lo encontrarás en el correo de confirmación.",
        found: "He encontrado tu pedido ORDER123456789.",
        track: [["Estado", "En reparto"], ["Ubicación", "Centro de distribución local"], ["Entrega prevista", "Hoy antes de las 20:00"]],
        sms: "¿Quieres que te envíe el seguimiento en directo por SMS?",
        yesno: ["Sí, por favor", "No, gracias"],
        phone: "¿A qué número escribimos?",
        done: "¡Hecho! Te mantendremos al corriente en el",
        shoe: "¡Sí! Nike Air Max 2024 está disponible en la talla 10. Aquí tienes los detalles:",
        alt: "Zapatilla de correr azul y blanca, vista de lado",
        shoeFacts: [["Precio", "110,49 US$"], ["Antes", "129,99 US$ (15 % de descuento)"], ["Existencias", "5 unidades"], ["Valoración", "4,8/5 (342 opiniones)"]],
        next: "¿Quieres ver productos parecidos o añadirlo al carrito?",
        nextChoices: ["Añadir al carrito", "Ver detalles", "Avísame si baja", "Productos parecidos"],
        these: "Estos se le parecen:", names: ["Cortavientos, verde musgo", "Mochila de 18 litros", "Botella de acero, 0,75 l"],
        prices: ["89,00 US$", "64,50 US$", "24,90 US$"], view: "Ver",
        sorry: "Siento que el producto no haya sido lo que esperabas. Te ayudo con la devolución.",
        order: "¿Cuál es tu número de pedido y cuál es el motivo? (El motivo es opcional.)",
        eligible: "Tu pedido ORDER987654321 se puede devolver: estás dentro de los 30 días. Está en marcha.",
        back: [["Etiqueta", "por correo en 5 minutos"], ["Reembolso", "110,49 US$"], ["Abono", "en 5–7 días laborables"], ["Seguimiento", "RET123456789"]],
        steps: ["Guarda el artículo en su embalaje original", "Imprime y pega la etiqueta", "Entrégalo en cualquier punto de UPS"],
        what: "Perdona, no te he entendido.",
    },
    ar: {
        hello: "مرحبًا! كيف يمكنني مساعدتك اليوم؟",
        menu: ["تتبّع طلبي", "إرجاع منتج", "السؤال عن منتج"],
        ask: "يسعدني التحقق من طلبك. ما رقم الطلب؟ ستجده في رسالة التأكيد.",
        found: "وجدت طلبك ORDER123456789.",
        track: [["الحالة", "خرج للتوصيل"], ["الموقع", "مركز التوزيع المحلي"], ["التسليم المتوقع", "اليوم قبل ٨:٠٠ م"]],
        sms: "هل ترغب في تلقي تحديثات التتبع عبر رسائل SMS؟",
        yesno: ["نعم، من فضلك", "لا، شكرًا"],
        phone: "إلى أي رقم نرسل؟",
        done: "تم! سنبقيك على اطلاع على الرقم",
        shoe: "نعم! حذاء Nike Air Max 2024 متوفر بمقاس 10. إليك التفاصيل:",
        alt: "حذاء جري أزرق وأبيض من الجانب",
        shoeFacts: [["السعر", "١١٠٫٤٩ US$"], ["كان", "١٢٩٫٩٩ US$ (خصم ١٥٪)"], ["المخزون", "٥ وحدات"], ["التقييم", "٤٫٨/٥ (٣٤٢ تقييمًا)"]],
        next: "هل ترغب في رؤية منتجات مشابهة أم إضافته إلى سلتك؟",
        nextChoices: ["أضف إلى السلة", "عرض التفاصيل", "أعلمني عند التخفيض", "منتجات مشابهة"],
        these: "هذه قريبة منه:", names: ["سترة واقية من الريح", "حقيبة ظهر ١٨ لترًا", "قارورة فولاذية"],
        prices: ["٨٩٫٠٠ US$", "٦٤٫٥٠ US$", "٢٤٫٩٠ US$"], view: "عرض",
        sorry: "يؤسفني أن المنتج لم يكن كما توقعت. يمكنني مساعدتك في إرجاعه.",
        order: "ما رقم طلبك، وما السبب؟ (السبب اختياري.)",
        eligible: "يمكن إرجاع طلبك ORDER987654321: ما زلت ضمن مهلة ٣٠ يومًا. بدأنا إجراءات الإرجاع.",
        back: [["الملصق", "بالبريد الإلكتروني خلال ٥ دقائق"], ["المبلغ المسترد", "١١٠٫٤٩ US$"], ["موعد الاسترداد", "خلال ٥–٧ أيام عمل"], ["رقم تتبع الإرجاع", "RET123456789"]],
        steps: ["ضع المنتج في عبوته الأصلية", "اطبع ملصق الإرجاع وألصقه", "سلّمه في أي فرع لشركة UPS"],
        what: "عذرًا، لم أفهم ذلك.",
    },
};

const IDS = ["track", "return", "product"];
const NEXT = ["product.add", "product.view", "product.notify", "product.similar"];

function product(w) {
    const choices = NEXT.map((id, i) => ({ id, label: w.nextChoices[i] }));
    choices[1].url = "/index.html#product";
    const details = [text(w.shoe), { type: "image", url: "/shoe.svg", alt: w.alt }, ...w.shoeFacts.map((f) => fact(...f))];
    return [bot(details), bot([text(w.next)], choices)];
}

function similar(w) {
    const card = (i, file) => ({ type: "card", title: w.names[i], text: w.prices[i],
        parts: [{ type: "image", url: `/${file}.svg`, alt: w.names[i] }, { type: "link", label: w.view, url: "/index.html#more" }] });
    return [bot([text(w.these), { type: "cards", items: [card(0, "jacket"), card(1, "backpack"), card(2, "bottle")] }])];
}

function returned(w) {
    return [bot([text(w.eligible), ...w.back.map((f) => fact(...f)), { type: "steps", items: w.steps }])];
}

export function assistant(said, state, locale) {
    const w = words[locale.slice(0, 2)] ?? words.en;
    const line = said.text ?? said.choice ?? said.button ?? "";
    if (said.open) return [bot([text(w.hello)], IDS.map((id, i) => ({ id, label: w.menu[i] })))];
    if (said.choice === "product.similar") return similar(w);
    if (/^echo /.test(line)) return [bot([text(line.slice(5))])];
    if (/ORDER987654321/.test(line)) return returned(w);
    if (/ORDER\d+/.test(line)) {
        state.topic = "track";
        const choices = w.yesno.map((label, i) => ({ id: i ? "track.sms.no" : "track.sms.yes", label }));
        return [bot([text(w.found), ...w.track.map((f) => fact(...f))]), bot([text(w.sms)], choices)];
    }
    if (/^\+?[\d ]+$/.test(line)) return [bot([text(`${w.done} \u2068${line}\u2069.`)])];
    if (/track\.sms/.test(line)) return [bot([text(w.phone)])];
    if (/return|devolver|إرجاع/i.test(line)) return [bot([text(w.sorry)]), bot([text(w.order)])];
    if (/product|air max/i.test(line)) return product(w);
    if (/track|where is|dónde|أين/i.test(line)) return [bot([text(w.ask)])];
    return [bot([text(w.what)])];
}
