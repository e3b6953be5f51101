"""One invented accounting office that lives: people, clients, obligations, tasks, and what happens to them."""
