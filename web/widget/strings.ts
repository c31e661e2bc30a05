/* SPDX-License-Identifier: Apache-2.0 */

// What the widget itself says. Everything else the customer reads comes from the server, already in
// his language. A locale without a table here gets English.

const en = {
    title: "Customer support",
    open: "Open chat",
    close: "Close chat",
    unread: "Unread messages:",
    bot: "Digital assistant",
    waiting: "A colleague will be with you shortly",
    agent: "You are talking to our team",
    conversation: "Conversation",
    suggestions: "Suggested replies",
    several: "Suggested replies, choose one or more",
    send_chosen: "Send selection",
    products: "Suggestions, scroll sideways",
    write: "Write a message…",
    send: "Send",
    attach: "Send a file",
    drop: "Drop the file here",
    uploading: "Uploading",
    file_type: "This kind of file cannot be taken here.",
    file_big: "The file is too large.",
    file_many: "Too many files for now. Please try again later.",
    file_late: "No file is asked for any more.",
    file_failed: "The file could not be sent.",
    you_said: "You:",
    bot_said: "Assistant:",
    agent_said: "Support team:",
    typing: "is writing…",
    sending: "Sending…",
    sent: "Sent",
    read: "Read",
    failed: "Not sent.",
    again: "Try again",
    connecting: "Connecting…",
    lost: "Connection lost. Trying again…",
    refused: "The chat is not available right now.",
    closed: "This conversation has ended.",
    renew: "Start a new conversation",
    card_seen: "For your safety, we have hidden the card number in your message.",
    handoff: "We are passing you on to a colleague.",
    handoff_to: "We are passing you on to {queue}.",
    joined: "A colleague has joined the conversation.",
    left: "Our colleague has left the conversation.",
    source: "Source:",
    passage: "From the article",
    helpful: "Was this helpful?",
    helped: "Yes, this helped",
    helped_not: "No, this did not help",
    thanks: "Thank you!",
    new_tab: "(opens in a new tab)",
    newest: "New messages",
};

export type Strings = typeof en;

const es: Strings = {
    title: "Atención al cliente",
    open: "Abrir el chat",
    close: "Cerrar el chat",
    unread: "Mensajes sin leer:",
    bot: "Asistente digital",
    waiting: "Un compañero te atenderá enseguida",
    agent: "Estás hablando con nuestro equipo",
    conversation: "Conversación",
    suggestions: "Respuestas sugeridas",
    several: "Respuestas sugeridas, elige una o varias",
    send_chosen: "Enviar selección",
    products: "Sugerencias, desplázate de lado",
    write: "Escribe un mensaje…",
    send: "Enviar",
    attach: "Enviar un archivo",
    drop: "Suelta el archivo aquí",
    uploading: "Subiendo",
    file_type: "Aquí no se puede enviar este tipo de archivo.",
    file_big: "El archivo es demasiado grande.",
    file_many: "Demasiados archivos por ahora. Inténtalo más tarde.",
    file_late: "Ya no se pide ningún archivo.",
    file_failed: "No se ha podido enviar el archivo.",
    you_said: "Tú:",
    bot_said: "Asistente:",
    agent_said: "Equipo de soporte:",
    typing: "está escribiendo…",
    sending: "Enviando…",
    sent: "Enviado",
    read: "Leído",
    failed: "No se ha enviado.",
    again: "Reintentar",
    connecting: "Conectando…",
    lost: "Se ha perdido la conexión. Reintentando…",
    refused: "El chat no está disponible en este momento.",
    closed: "Esta conversación ha terminado.",
    renew: "Empezar una conversación nueva",
    card_seen: "Por tu seguridad, hemos ocultado el número de tarjeta de tu mensaje.",
    handoff: "Te pasamos con un compañero.",
    handoff_to: "Te pasamos con {queue}.",
    joined: "Un compañero se ha unido a la conversación.",
    left: "Nuestro compañero ha salido de la conversación.",
    source: "Fuente:",
    passage: "Del artículo",
    helpful: "¿Te ha servido?",
    helped: "Sí, me ha servido",
    helped_not: "No, no me ha servido",
    thanks: "¡Gracias!",
    new_tab: "(se abre en otra pestaña)",
    newest: "Mensajes nuevos",
};

const ar: Strings = {
    title: "خدمة العملاء",
    open: "افتح المحادثة",
    close: "أغلق المحادثة",
    unread: "الرسائل غير المقروءة:",
    bot: "المساعد الرقمي",
    waiting: "سيتواصل معك أحد زملائنا بعد قليل",
    agent: "أنت تتحدث مع فريقنا",
    conversation: "المحادثة",
    suggestions: "ردود مقترحة",
    several: "ردود مقترحة، اختر واحدًا أو أكثر",
    send_chosen: "أرسل ما اخترته",
    products: "اقتراحات، مرّر جانبيًا",
    write: "اكتب رسالة…",
    send: "إرسال",
    attach: "أرسل ملفًا",
    drop: "أفلت الملف هنا",
    uploading: "جارٍ رفع",
    file_type: "لا يمكن قبول هذا النوع من الملفات هنا.",
    file_big: "الملف كبير جدًا.",
    file_many: "عدد الملفات كبير الآن. أعد المحاولة لاحقًا.",
    file_late: "لم يعد الملف مطلوبًا.",
    file_failed: "تعذّر إرسال الملف.",
    you_said: "أنت:",
    bot_said: "المساعد:",
    agent_said: "فريق الدعم:",
    typing: "يكتب…",
    sending: "جارٍ الإرسال…",
    sent: "تم الإرسال",
    read: "مقروءة",
    failed: "لم تُرسل.",
    again: "أعد المحاولة",
    connecting: "جارٍ الاتصال…",
    lost: "انقطع الاتصال. نحاول مجددًا…",
    refused: "المحادثة غير متاحة حاليًا.",
    closed: "انتهت هذه المحادثة.",
    renew: "ابدأ محادثة جديدة",
    card_seen: "حفاظًا على أمانك، أخفينا رقم البطاقة في رسالتك.",
    handoff: "سنحوّلك إلى أحد زملائنا.",
    handoff_to: "سنحوّلك إلى {queue}.",
    joined: "انضم أحد زملائنا إلى المحادثة.",
    left: "غادر زميلنا المحادثة.",
    source: "المصدر:",
    passage: "من المقال",
    helpful: "هل أفادك هذا؟",
    helped: "نعم، أفادني",
    helped_not: "لا، لم يفدني",
    thanks: "شكرًا لك!",
    new_tab: "(يُفتح في علامة تبويب جديدة)",
    newest: "رسائل جديدة",
};

const tables: Record<string, Strings> = { en, es, ar };
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

// The locale as Intl takes it; "en_US" and plain nonsense occur in pages.
export function canonical(locale: string): string {
    try {
        return Intl.getCanonicalLocales(locale.replaceAll("_", "-"))[0] ?? "en";
    } catch {
        return "en";
    }
}

function language(locale: string): string {
    return locale.toLowerCase().split(/[-_]/)[0] ?? "";
}

export function strings(locale: string): Strings {
    return tables[language(locale)] ?? en;
}

// Until the server has said which way the conversation runs.
export function direction(locale: string): "ltr" | "rtl" {
    return RIGHT_TO_LEFT.has(language(locale)) ? "rtl" : "ltr";
}
