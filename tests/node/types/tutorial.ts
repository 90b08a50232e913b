// The TypeScript usage example of HolySheep's tutorial, with the class imported instead of defined
// and its texts in English.
import { HolySheepFailoverClient } from 'holysheep';

async function main() {
  const client = new HolySheepFailoverClient('YOUR_HOLYSHEEP_API_KEY');

  try {
    const response = await client.chatCompletion(
      'gpt-4.1',
      [
        { role: 'system', content: 'You are a helpful AI assistant.' },
        { role: 'user', content: 'Explain how automatic failover works when a rate limit is hit.' }
      ],
      { temperature: 0.7, maxTokens: 500 }
    );

    console.log('answer:', response.choices[0].message.content);
    console.log('endpoints:', client.getEndpointStatus());
  } catch (error) {
    console.error('all attempts failed:', error);
  }
}

main();
