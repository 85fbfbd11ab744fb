// Regions and autonomous provinces of Italy, as they call themselves.
export const regions = [
  "Abruzzo", "Basilicata", "Calabria", "Campania", "Emilia-Romagna", "Friuli-Venezia Giulia", "Lazio", "Liguria", "Lombardia", "Marche", "Molise", "Piemonte",
  "Provincia autonoma di Bolzano", "Provincia autonoma di Trento", "Puglia", "Sardegna", "Sicilia", "Toscana", "Umbria", "Valle d'Aosta", "Veneto",
];
