ALTER TABLE candidate_quality ADD COLUMN knn_hit_rate DOUBLE PRECISION;
ALTER TABLE candidate_quality ADD COLUMN knn_mrr DOUBLE PRECISION;
