/** Products, in Postgres. */
export class Products {
  #pool;

  constructor(pool) {
    this.#pool = pool;
  }

  static async open(pool) {
    await pool.query("create table if not exists products (id serial primary key, name text not null)");
    return new Products(pool);
  }

  async add(name) {
    const { rows } = await this.#pool.query("insert into products (name) values ($1) returning id, name", [name]);
    return rows[0];
  }

  async find(id) {
    const { rows } = await this.#pool.query("select id, name from products where id = $1", [id]);
    return rows[0];
  }
}
