import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";

/** Pictures of products, in a bucket. */
export class Pictures {
  #s3;
  #bucket;

  constructor(s3, bucket) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  async put(product, body) {
    await this.#s3.send(new PutObjectCommand({ Bucket: this.#bucket, Key: `products/${product.id}`, Body: body }));
  }

  async get(product) {
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.#bucket, Key: `products/${product.id}` }));
    return Body.transformToByteArray();
  }
}
