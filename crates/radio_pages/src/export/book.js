adopt(document);
