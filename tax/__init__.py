"""VAT of the European Union and names of countries: pure functions and legal tables; imports no other app."""
