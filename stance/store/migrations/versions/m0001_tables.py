"""All tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from stance.store.columns import AnyText

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Set up an empty database."""
    op.create_table(
        "answers",
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("actor", AnyText(), nullable=False),
        sa.Column("issue", AnyText(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("answer", AnyText(), nullable=False),
        sa.PrimaryKeyConstraint("question", "actor", "issue", name=op.f("pk_answers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "commits",
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_commits")),
    )
    op.create_index(op.f("ix_commits_at"), "commits", ["at"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", AnyText(), nullable=True),
        sa.Column("owner", AnyText(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Double(), nullable=True),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("updated", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_state_created", "jobs", ["state", "created"], unique=False)
    op.create_table(
        "pairs",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor", AnyText(), nullable=False),
        sa.Column("issue", AnyText(), nullable=False),
        sa.Column("shown_actor", AnyText(), nullable=False),
        sa.Column("shown_issue", AnyText(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_pairs")),
    )
    op.create_index("ix_pairs_shown", "pairs", ["shown_actor", "shown_issue"], unique=False)
    op.create_index("uq_pairs_actor_issue", "pairs", ["actor", "issue"], unique=True)
    op.create_table(
        "state",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state")),
    )
    op.create_table(
        "aliases",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("old", AnyText(), nullable=False),
        sa.Column("new", AnyText(), nullable=False),
        sa.Column("added", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["added"], ["commits.version"], name=op.f("fk_aliases_added_commits")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_aliases")),
    )
    op.create_table(
        "articles",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", AnyText(), nullable=False),
        sa.Column("title", AnyText(), nullable=True),
        sa.Column("source", AnyText(), nullable=True),
        sa.Column("url", AnyText(), nullable=True),
        sa.Column("published", sa.String(length=40), nullable=True),
        sa.Column("moment", sa.Double(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("story", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["added"], ["commits.version"], name=op.f("fk_articles_added_commits")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_articles")),
        sa.UniqueConstraint("id", name=op.f("uq_articles_id")),
    )
    op.create_index(op.f("ix_articles_moment"), "articles", ["moment"], unique=False)
    op.create_index(op.f("ix_articles_story"), "articles", ["story"], unique=False)
    op.create_table(
        "models",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", AnyText(), nullable=False),
        sa.Column("info", sa.JSON(), nullable=False),
        sa.Column("added", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["added"], ["commits.version"], name=op.f("fk_models_added_commits")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_models")),
        sa.UniqueConstraint("version", name=op.f("uq_models_version")),
    )
    op.create_table(
        "bands",
        sa.Column("hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("article", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["article"], ["articles.number"], name=op.f("fk_bands_article_articles")
        ),
        sa.PrimaryKeyConstraint("hash", "article", name=op.f("pk_bands")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "changeovers",
        sa.Column("added", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["added"], ["commits.version"], name=op.f("fk_changeovers_added_commits")
        ),
        sa.ForeignKeyConstraint(
            ["model"], ["models.number"], name=op.f("fk_changeovers_model_models")
        ),
        sa.PrimaryKeyConstraint("added", name=op.f("pk_changeovers")),
    )
    op.create_table(
        "scored",
        sa.Column("model", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("article", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["article"], ["articles.number"], name=op.f("fk_scored_article_articles")
        ),
        sa.ForeignKeyConstraint(["model"], ["models.number"], name=op.f("fk_scored_model_models")),
        sa.PrimaryKeyConstraint("model", "article", name=op.f("pk_scored")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "statements",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("article", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("text", AnyText(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article"], ["articles.number"], name=op.f("fk_statements_article_articles")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_statements")),
    )
    op.create_index(
        "uq_statements_article_start", "statements", ["article", "start", "end"], unique=True
    )
    op.create_table(
        "reviews",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position_id", sa.String(length=24), nullable=False),
        sa.Column(
            "statement", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("pair", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reviewer", AnyText(), nullable=False),
        sa.Column("stance", sa.String(length=8), nullable=False),
        sa.Column("evidence", sa.SmallInteger(), nullable=True),
        sa.Column("note", AnyText(), nullable=False),
        sa.Column(
            "supersedes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("added", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["added"], ["commits.version"], name=op.f("fk_reviews_added_commits")
        ),
        sa.ForeignKeyConstraint(["pair"], ["pairs.number"], name=op.f("fk_reviews_pair_pairs")),
        sa.ForeignKeyConstraint(
            ["statement"], ["statements.number"], name=op.f("fk_reviews_statement_statements")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes"], ["reviews.number"], name=op.f("fk_reviews_supersedes_reviews")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_position_id"), "reviews", ["position_id"], unique=False)
    op.create_index("ix_reviews_statement_pair", "reviews", ["statement", "pair"], unique=False)
    op.create_table(
        "positions",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("article", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "statement", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("pair", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("review", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("stance", sa.SmallInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("p_support", sa.Double(), nullable=False),
        sa.Column("p_oppose", sa.Double(), nullable=False),
        sa.Column("p_neutral", sa.Double(), nullable=False),
        sa.Column("evidence", sa.SmallInteger(), nullable=False),
        sa.Column("moment", sa.Double(), nullable=True),
        sa.Column("codebook", sa.String(length=16), nullable=False),
        sa.Column("cue", AnyText(), nullable=False),
        sa.Column("via", AnyText(), nullable=False),
        sa.Column("addressee", AnyText(), nullable=False),
        sa.Column("name", sa.BigInteger(), nullable=False),
        sa.Column("cluster", sa.BigInteger(), nullable=False),
        sa.Column("compared", sa.Boolean(), nullable=False),
        sa.Column("added", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ended", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["added"], ["commits.version"], name=op.f("fk_positions_added_commits")
        ),
        sa.ForeignKeyConstraint(
            ["article"], ["articles.number"], name=op.f("fk_positions_article_articles")
        ),
        sa.ForeignKeyConstraint(
            ["ended"], ["commits.version"], name=op.f("fk_positions_ended_commits")
        ),
        sa.ForeignKeyConstraint(
            ["model"], ["models.number"], name=op.f("fk_positions_model_models")
        ),
        sa.ForeignKeyConstraint(["pair"], ["pairs.number"], name=op.f("fk_positions_pair_pairs")),
        sa.ForeignKeyConstraint(
            ["review"], ["reviews.number"], name=op.f("fk_positions_review_reviews")
        ),
        sa.ForeignKeyConstraint(
            ["statement"], ["statements.number"], name=op.f("fk_positions_statement_statements")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_positions")),
    )
    op.create_index(op.f("ix_positions_article"), "positions", ["article"], unique=False)
    op.create_index(op.f("ix_positions_id"), "positions", ["id"], unique=False)
    op.create_index("ix_positions_name", "positions", ["name"], unique=False)
    op.create_index("ix_positions_pair_model", "positions", ["pair", "model"], unique=False)
    op.create_table(
        "former_clusters",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cluster", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["position"], ["positions.number"], name=op.f("fk_former_clusters_position_positions")
        ),
        sa.ForeignKeyConstraint(
            ["until"], ["commits.version"], name=op.f("fk_former_clusters_until_commits")
        ),
        sa.PrimaryKeyConstraint("position", "until", name=op.f("pk_former_clusters")),
    )
    op.create_table(
        "quoted",
        sa.Column("run", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["position"], ["positions.number"], name=op.f("fk_quoted_position_positions")
        ),
        sa.PrimaryKeyConstraint("run", "position", name=op.f("pk_quoted")),
        sqlite_with_rowid=False,
    )
    # the row that writers lock must be there before the first two of them come
    op.execute("INSERT INTO state (id, version) VALUES (1, 0)")
