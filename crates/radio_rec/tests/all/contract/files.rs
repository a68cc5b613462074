//! Models that are saved and loaded, and parameters as JSON.

use radio_rec::interactions::{Interactions, User};
use radio_rec::recommend::{Algorithm, Als, Fit, ItemKnn, Model, Recommender, Whom};
use radio_rec::similarity::{Measure, Neighbourhood, Weighting};

use super::{algorithms, all, everybody, models, two_tastes};

#[test]
fn parameters_can_be_written_and_read() {
    for algorithm in algorithms(&two_tastes()) {
        let json = serde_json::to_string(&algorithm).unwrap();
        assert!(
            json.starts_with(&format!("{{\"{algorithm}\":"))
                || json == format!("{{\"{algorithm}\":null}}"),
            "{json}"
        );
        let read: Algorithm = serde_json::from_str(&json).unwrap();
        assert_eq!(read, algorithm);
    }
    let read = |json: &str| serde_json::from_str::<Algorithm>(json);
    let als = Als {
        factors: 32,
        ..Als::default()
    };
    assert_eq!(
        read(r#"{"als": {"factors": 32}}"#).unwrap(),
        Algorithm::Als(als)
    );
    assert_eq!(
        read(r#"{"item-knn": {"neighbourhood": {"k": 7, "measure": "dot-product", "weighting": {"bm25": {"k1": 1.2, "b": 0.75}}}}}"#).unwrap(),
        Algorithm::ItemKnn(ItemKnn::with(
            Neighbourhood::new(7).measure(Measure::DotProduct).weighting(Weighting::Bm25 { k1: 1.2, b: 0.75 })
        ))
    );
    assert!(
        read(r#"{"als": {"factor": 32}}"#)
            .unwrap_err()
            .to_string()
            .contains("unknown field `factor`")
    );
    let wrong = read(r#"{"als": {"factors": 0}}"#).unwrap();
    assert_eq!(
        wrong.check().unwrap_err().to_string(),
        "`factors` is 0, but must be from 1 to 1024"
    );
}

#[test]
fn a_saved_model_says_the_same_when_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let data = two_tastes();
    let users = everybody(&data);
    for model in models(&data) {
        model.save(&path).unwrap();
        let loaded = Model::load(&path).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{model:?}"));
        let lists = |model: &Model| model.recommend_all(&users, &all(9));
        assert_eq!(lists(&loaded).unwrap(), lists(&model).unwrap());
        let stranger = [(data.item("jazz 2").unwrap(), 2.0)];
        let new = |model: &Model| model.recommend(Whom::History(&stranger), &all(9)).unwrap();
        assert_eq!(new(&loaded), new(&model));
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left beside"
    );
}

#[test]
fn a_model_without_its_matrix_has_nobody_in_it_and_says_the_same_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let data = two_tastes();
    let mut users: Vec<User> = data.user_indices().collect();
    users.reverse();
    let turned = users.into_iter().flat_map(|user| {
        let data = &data;
        let items = data.items_of(user);
        items.map(move |(item, value)| (data.user_name(user), data.item_name(item), value))
    });
    let turned = Interactions::from_triplets(turned).unwrap();
    for model in models(&data) {
        model.save_without_data(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for name in ["u23", "jazz 7"] {
            let is_in = bytes
                .windows(name.len())
                .any(|part| part == name.as_bytes());
            assert!(!is_in, "{} has {name}", model.name());
        }
        let loaded = Model::load_with(&path, &data).unwrap();
        let lists = |model: &Model| model.recommend_all(&everybody(&data), &all(9)).unwrap();
        assert_eq!(lists(&loaded), lists(&model));

        let message = |error: radio_rec::Error| {
            let message = error.to_string();
            message.split_once("`: ").unwrap().1.to_owned()
        };
        assert_eq!(
            message(Model::load_with(&path, &turned).unwrap_err()),
            "the model learned from 24 users and 16 items, and the matrix has others, or another order of them"
        );
        assert_eq!(
            message(Model::load(&path).unwrap_err()),
            "this is not the file of a model"
        );
        for length in [0, 20, 30, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(Model::load_with(&path, &data).is_err());
        }
        // Others still have theirs.
        model.save(&path).unwrap();
        assert!(Model::load(&path).is_ok());
        assert!(Model::load_with(&path, &data).is_err());
    }
}

#[test]
fn files_that_are_no_model_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    models(&two_tastes())[0].save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let refusal = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let message = Model::load(&path).unwrap_err().to_string();
        message.split_once("`: ").unwrap().1.to_owned()
    };
    for length in 0..whole.len() {
        let message = refusal(&whole[..length]);
        let expected = if length == 0 {
            "this is not the file of a model"
        } else {
            "the file of a model was cut short; save the model again"
        };
        assert_eq!(message, expected, "{length} bytes");
    }
    let mut newer = whole.clone();
    newer[8] = 4;
    assert!(
        refusal(&newer)
            .starts_with("the file has version 4 of the format, and this program reads version 3")
    );
    for at in [24, 60, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        assert_eq!(
            refusal(&damaged),
            "the file of a model was damaged; save the model again"
        );
    }
    assert_eq!(
        refusal(b"user,item,rating\nann,abba,1\n"),
        "this is not the file of a model"
    );
    let missing = Model::load(folder.path().join("nothing")).unwrap_err();
    assert!(matches!(missing, radio_rec::Error::Io { .. }));
    let nowhere = models(&two_tastes())[0].save(folder.path().join("no folder/model"));
    assert!(matches!(nowhere, Err(radio_rec::Error::Io { .. })));
}
