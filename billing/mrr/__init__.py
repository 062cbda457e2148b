"""Monthly recurring revenue (MRR): its calculation, the ledger of its movements, figures and their presentation."""
